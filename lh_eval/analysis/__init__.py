"""From rows to tables: cells, pairs, comparisons, effective lengths, loss curves."""
