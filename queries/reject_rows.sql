-- purpose: where refused rows stand and why they were refused, newest load first
-- param load int? number of the load in the ledger
-- param limit int? how many
-- column load int number of the load in the ledger
-- column feed text feed of the load
-- column file text file name
-- column line int line on which the row starts, or its number where a format has no lines
-- column reason text reason of the closed list
-- column column_name text source column at fault, if one is
-- column message text what was wanted
SELECT load, feed, file, line, reason, column_name, message
FROM (
  SELECT load_id AS load, feed, file, line, reason, column_name, message,
         row_number() OVER (ORDER BY load_id DESC, file, line, reason) AS place
  FROM rejects
  WHERE $load IS NULL OR load_id = $load
) AS placed
WHERE $limit IS NULL OR place <= $limit
ORDER BY place
