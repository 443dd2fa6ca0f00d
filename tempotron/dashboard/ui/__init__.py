"""The pages' parts: the only folder that knows Streamlit."""
