"""What a register knows: subjects, records, policies, dossiers, and who looked at them."""
