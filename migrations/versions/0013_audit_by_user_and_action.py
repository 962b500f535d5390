"""Find what somebody did, and all of one kind, in a long audit."""

from alembic import op


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_audit_user_id", "audit", ["user_id", "id"], unique=False)
    op.create_index("ix_audit_action", "audit", ["action", "id"], unique=False)


def downgrade():
    op.drop_index("ix_audit_action", table_name="audit")
    op.drop_index("ix_audit_user_id", table_name="audit")
