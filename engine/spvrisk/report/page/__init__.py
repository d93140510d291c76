"""One page that holds a whole report: sentences, tables and charts as HTML that needs no network."""
