"""Pictures of items: upload, delete, and the files themselves."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, request
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from inventory import pictures
from inventory.common.errors import InvalidInput
from inventory.common.messages import message
from inventory.db import connection, db
from inventory.http.languages import gettext as _
from inventory.http.languages import translate
from inventory.web.auth.permissions import role_required
from inventory.web.inventory.items import get_by_id
from inventory.web.urls import url_for

blueprint = Blueprint("pictures", __name__, url_prefix="/items/<int:item_id>")

#: The digest in the URL changes with the picture.
_CACHED = "private, max-age=31536000, immutable"


@blueprint.post("/picture/")
@role_required("operator")
def upload(item_id: int) -> AnyResponse:
    """Store the picture of an item."""
    item = get_by_id(item_id)
    file = request.files.get("picture")
    content = file.stream.read() if file else b""
    try:
        if not content:
            raise InvalidInput(message("Choose a picture."), field="picture")
        pictures.set_picture(item=item.code, content=content, user_id=current_user.id)
    except InvalidInput as refusal:
        db.session.rollback()
        flash(translate(refusal.detail), "bad")
    else:
        flash(_("Picture of %(item)s saved.", item=item.code))
    return redirect(url_for("inventory.items.item", item_id=item_id), 303)


@blueprint.post("/picture/delete/")
@role_required("operator")
def delete(item_id: int) -> AnyResponse:
    """Delete the picture of an item."""
    item = get_by_id(item_id)
    pictures.delete_picture(item=item.code, user_id=current_user.id)
    flash(_("Picture of %(item)s deleted.", item=item.code))
    return redirect(url_for("inventory.items.item", item_id=item_id), 303)


@blueprint.get("/picture/<digest>.jpg")
def picture(item_id: int, digest: str) -> Response:
    """Return the picture of an item."""
    return _file(item_id, digest, is_thumbnail=False)


@blueprint.get("/thumbnail/<digest>.jpg")
def thumbnail(item_id: int, digest: str) -> Response:
    """Return the thumbnail of an item's picture."""
    return _file(item_id, digest, is_thumbnail=True)


def _file(item_id: int, digest: str, *, is_thumbnail: bool) -> Response:
    found = pictures.read_picture(connection(), item_id, digest, is_thumbnail=is_thumbnail)
    if found is None:
        abort(404)
    return Response(found, content_type="image/jpeg", headers={"Cache-Control": _CACHED})
