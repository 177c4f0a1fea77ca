"""Jobs for analysts: what is sent to them."""
