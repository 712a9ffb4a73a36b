"""`make bench`: the coach measured beside its peers, in one run on one machine."""
