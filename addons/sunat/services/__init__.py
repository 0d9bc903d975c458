"""Rules of sunat: what the company issues with, issuing, sending, and what can be fetched."""
