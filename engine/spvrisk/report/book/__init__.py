"""A workbook that holds a whole report: sentences, tables of numbers, and charts that the program draws itself."""
