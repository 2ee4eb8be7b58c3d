"""Flask and flask-smorest: how the house answers. No feature lives here."""
