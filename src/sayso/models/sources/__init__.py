"""The kinds of places that model files come from, one module each; `table` names them."""
