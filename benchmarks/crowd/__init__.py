"""How many people Chartroom bears: a crowd at work, beside a stock Streamlit app."""
