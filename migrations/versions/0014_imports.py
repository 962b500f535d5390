"""Imports: what they brought in, files on their way in, and many counts in one operation."""

import sqlalchemy as sa
from alembic import op


revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
WIDE, NARROW = "uq_lot_counts_operation_id_lot_id", "uq_lot_counts_operation_id"


def upgrade():
    _one_count_for(["operation_id", "lot_id"], WIDE, NARROW)
    op.create_table(
        "imports",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("same", sa.Integer(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("operation_id", ID, nullable=True),
        sa.Column("undo", sa.Text(), nullable=True),
        sa.Column("taken_back_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_imports_user_id")),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["operations.id"], name=op.f("fk_imports_operation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("operation_id", name=op.f("uq_imports_operation_id")),
    )
    op.create_index("ix_imports_fingerprint", "imports", ["fingerprint"], unique=False)
    op.create_table(
        "import_drafts",
        sa.Column("id", sa.String(length=43), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_import_drafts_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_drafts")),
    )
    op.create_index("ix_import_drafts_created_at", "import_drafts", ["created_at"], unique=False)


def downgrade():
    op.drop_table("import_drafts")
    op.drop_table("imports")
    _one_count_for(["operation_id"], NARROW, WIDE)


def _one_count_for(columns, name, instead_of):
    with op.batch_alter_table("lot_counts") as table:
        table.drop_constraint(op.f(instead_of), type_="unique")
        table.create_unique_constraint(op.f(name), columns)
