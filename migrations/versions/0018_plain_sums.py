"""Sums of an item's lots as one number each, with a limit for the stock of an item."""

import sqlalchemy as sa
from alembic import op


revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIGURES = ("on_hand", "reserved", "held")
MAX_ON_HAND = 9 * 10**18
AVAILABLE = "CASE WHEN qc_status = 'APPROVED' THEN 0 ELSE on_hand - reserved END"


def upgrade():
    over = op.get_bind().execute(
        sa.text(
            "SELECT i.code FROM item_heads h JOIN items i ON i.id = h.item_id"
            " WHERE h.on_hand + h.on_hand_rest / 1000000 >= 9000000000000"
        )
    )
    if codes := list(over.scalars()):
        raise SystemExit(
            f"Items can have less than 9000000000000 in stock from this version on; {codes[0]} has"
            " more. Issue what is too much with the version before, then upgrade."
        )
    _create([sa.CheckConstraint(f"on_hand <= {MAX_ON_HAND}", name=op.f("ck_item_heads_on_hand"))])
    _fill("CAST(sum({0}) AS BIGINT)", FIGURES)


def downgrade():
    _create([sa.Column(f"{name}_rest", sa.BigInteger(), nullable=False) for name in FIGURES])
    _fill(
        "CAST(sum(({0}) / 1000000) AS BIGINT),"
        " CAST(sum(({0}) - ({0}) / 1000000 * 1000000) AS BIGINT)",
        [column for name in FIGURES for column in (name, f"{name}_rest")],
    )


def _create(more):
    op.drop_table("item_heads")
    op.create_table(
        "item_heads",
        sa.Column("item_id", ID, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in FIGURES),
        *more,
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_item_heads")),
    )


def _fill(total, columns):
    sums = ", ".join(total.format(figure) for figure in ("on_hand", "reserved", AVAILABLE))
    op.execute(
        f"INSERT INTO item_heads (item_id, {', '.join(columns)})"  # noqa: S608
        f" SELECT item_id, {sums} FROM lot_heads GROUP BY item_id"
    )
