"""How many people Chartroom supports: a crowd at work, beside a stock Streamlit app."""
