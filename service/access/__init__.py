"""Who may do what: API keys with scopes, tenants, rates and quotas."""
