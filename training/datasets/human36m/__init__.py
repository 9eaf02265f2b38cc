"""Human3.6M (Ionescu et al., TPAMI 2014) from the copy a user is licensed to hold."""
