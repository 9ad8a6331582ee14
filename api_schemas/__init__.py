"""What travels between the parts of Orichalcum: pydantic models only."""
