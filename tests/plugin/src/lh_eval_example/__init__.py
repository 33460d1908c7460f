"""An example of a package that brings plug-ins for lh_eval."""
