"""How sensitivity decays with the lag: profiles, and what is drawn from them."""
