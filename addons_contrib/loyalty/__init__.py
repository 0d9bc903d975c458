"""Points for customers: so many soles a point, to be redeemed later; unused ones expire."""
