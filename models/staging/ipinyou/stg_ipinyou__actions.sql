-- Grain: one row per conversion. The bid log has none.
{{ no_events('actions') }}
