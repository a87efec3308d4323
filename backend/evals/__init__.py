"""Evals as a part of the product: labelled calls, claim-evidence pairs and queries, scored with intervals."""
