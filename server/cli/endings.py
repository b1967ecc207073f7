"""End of a process that has closed all that it had open."""


class ServerEnded(SystemExit):
    """What has served or sent has stopped, with the status 0; its process can end without a wait for threads."""
