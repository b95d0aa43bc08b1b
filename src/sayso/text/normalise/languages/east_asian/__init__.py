"""Chinese and Japanese: numbers in characters, one order of rules, tables of their own."""
