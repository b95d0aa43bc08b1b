"""Spanish, Italian and Portuguese: one order of rules, with tables of their own."""
