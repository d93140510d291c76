"""Charts drawn by Matplotlib, which is loaded with these modules and not before."""
