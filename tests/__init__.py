"""Laws and sentences about PantryBox; the folders mirror pantrybox/."""
