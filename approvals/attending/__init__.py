"""Who attends to what and until when: claims, snoozes, absences, two clocks a review and the ladder. None of it is a right."""
