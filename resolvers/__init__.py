"""What a field does: who may, load through a dataloader, or run one transaction."""
