-- Grain: one row per conversion. The session log has none.
{{ no_events('actions') }}
