"""The report: one HTML page of runs to read and pass on."""
