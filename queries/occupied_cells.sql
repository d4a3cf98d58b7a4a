-- purpose: every cell that ever held a record of a dataset, for the hull that is the study area without a boundary
-- param dataset text table of events
-- column cell int H3 index bits at resolution 11
SELECT DISTINCT cell FROM events WHERE dataset = $dataset AND cell IS NOT NULL ORDER BY 1
