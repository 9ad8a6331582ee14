"""Kind free_energy: free energies of compositions, vacancies and phases, with their errors."""
