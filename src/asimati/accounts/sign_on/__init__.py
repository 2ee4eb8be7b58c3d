"""Sign-on by OpenID Connect: the national one of residents, and the one of a governorate's staff.

`providers` reads who they are, `calling` speaks with them, `proof` judges what they say, `attempts` carries
somebody there and back. What follows for accounts is in `accounts.actions.signing_on`. The whole is told in
decisions/0070.
"""
