"""An attack on every route: real forms and bodies, with hostile values in them."""
