"""Documents of SUNAT: pure functions from a sale's lines to signed XML, and back from a CDR.

``modelo`` is what a caller says, ``importes`` what follows from it, ``ubl`` and ``resumenes`` write
XML in canonical form, ``firma`` signs it, ``paquete`` names and packs it, ``cdr`` reads answers.
"""
