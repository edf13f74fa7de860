"""For researchers: sklearn estimators and splits, public sets, agreement, plots and tables of results."""
