"""One page of many runs: from rows to what is told of them, and from that to HTML."""
