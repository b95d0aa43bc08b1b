"""AWS and emulators of it: clients, errors, clocks, envelopes."""
