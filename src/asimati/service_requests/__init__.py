"""What residents ask of the governorate: services, their forms, and the cases that follow."""
