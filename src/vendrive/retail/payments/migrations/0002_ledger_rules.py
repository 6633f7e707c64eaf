"""The ledger's rules in the database: transfers balance, and what is posted stays."""

from django.db import migrations

RULES = """
CREATE FUNCTION payments_transfer_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM payments_posting p JOIN payments_account a ON a.id = p.account_id
        WHERE p.transfer_id = NEW.transfer_id GROUP BY a.currency HAVING sum(p.amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'transfer % does not balance', NEW.transfer_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transfer_balances AFTER INSERT ON payments_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_transfer_balances();

CREATE FUNCTION payments_posted_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a posting is never changed: post the opposite' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER posted_stays BEFORE UPDATE OR DELETE ON payments_posting
    FOR EACH ROW EXECUTE FUNCTION payments_posted_stays();
"""
UNDO = """
DROP TRIGGER posted_stays ON payments_posting;
DROP TRIGGER transfer_balances ON payments_posting;
DROP FUNCTION payments_posted_stays();
DROP FUNCTION payments_transfer_balances();
"""


class Migration(migrations.Migration):
    """Add the triggers."""

    dependencies = [("payments", "0001_initial")]
    operations = [migrations.RunSQL(RULES, UNDO)]
