"""x"""


def waiting_list(patient_id):
    pass
