"""Write, audit, publish: a build is served only once it has passed, and then all of it at once."""
