"""CloudThinker, a small SaaS: what its FastAPI and its Flask application share.

Organizations, workspaces, members, roles, keys and the audit log are ctsec's. Dashboards, agents, recommendations, operations,
connections, settings and billing are the application's own: its models, its tables, its session.
"""
