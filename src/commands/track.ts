import type { Tracker } from '../io/ports.ts';
import { completeIssue, incompleteIssue, newsFor, tellComplete, tellIncomplete, tellNews } from '../report/issue.ts';
import { isComplete, type Survey } from '../report/survey.ts';

/**
 * Updates the archive's tracking issue: opens it once something is missing, rewrites it while that is so, and closes it when
 * nothing is. A comment, which notifies people, is added when the issue is re-opened, when something new is missing, and when
 * it is closed. Comments come before the rewrite, so that a failure in between loses none.
 * @returns the number of the open issue; undefined if there is none
 */
export async function track(tracker: Tracker, survey: Survey): Promise<number | undefined> {
  const issue = await tracker.find();
  if (isComplete(survey)) {
    if (issue?.isOpen) {
      await tracker.comment(issue.number, tellComplete(survey));
      await tracker.update(issue.number, completeIssue(survey), false);
    }
    return undefined;
  }
  if (issue === undefined) return tracker.open(incompleteIssue(survey));
  const news = newsFor(survey, issue.body);
  if (!issue.isOpen) await tracker.comment(issue.number, tellIncomplete(survey));
  else if (!isComplete(news)) await tracker.comment(issue.number, tellNews(news));
  await tracker.update(issue.number, incompleteIssue(survey), true);
  return issue.number;
}
