"""How near the build is to what the engine allows, and to other engines."""
