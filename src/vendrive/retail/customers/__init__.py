"""Who a customer is, how we may recognise them, and what was proved."""
