"""One file per form in which a model call is logged; its name is the format's kind."""
