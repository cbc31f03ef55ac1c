"""What remains at finite d to leading order: fluctuations over data sets, and the bias of a cluster's mean."""
