-- Grain: one row per line of the billing ledger. The session log has no price, and so no ledger.
{{ no_events('charges') }}
