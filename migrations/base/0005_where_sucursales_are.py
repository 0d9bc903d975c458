"""Where a sucursal is on the map."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("sucursales", sa.Column("latitud", sa.Numeric(9, 6), nullable=True))
    op.add_column("sucursales", sa.Column("longitud", sa.Numeric(9, 6), nullable=True))
    op.create_check_constraint(
        op.f("ck_sucursales_latitud"), "sucursales", "latitud BETWEEN -90 AND 90"
    )
    op.create_check_constraint(
        op.f("ck_sucursales_longitud"), "sucursales", "longitud BETWEEN -180 AND 180"
    )
    op.create_check_constraint(
        op.f("ck_sucursales_lugar"), "sucursales", "(latitud IS NULL) = (longitud IS NULL)"
    )


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(op.f("ck_sucursales_lugar"), "sucursales")
    op.drop_constraint(op.f("ck_sucursales_longitud"), "sucursales")
    op.drop_constraint(op.f("ck_sucursales_latitud"), "sucursales")
    op.drop_column("sucursales", "longitud")
    op.drop_column("sucursales", "latitud")
