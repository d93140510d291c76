"""Results for other programs: tables with names as text in CSV, Parquet and XLSX, and classic netCDF."""
