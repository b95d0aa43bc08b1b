"""The kinds of places that hold model files, one module each; `registry` names them."""
