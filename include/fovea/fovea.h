/* fovea/fovea.h: all of Fovea. */
#ifndef FOVEA_FOVEA_H
#define FOVEA_FOVEA_H

#include "fovea/base.h"
#include "fovea/data.h"
#include "fovea/explain.h"
#include "fovea/graph.h"
#include "fovea/loss.h"
#include "fovea/metrics.h"
#include "fovea/model.h"
#include "fovea/ops.h"
#include "fovea/optim.h"
#include "fovea/parts.h"
#include "fovea/report.h"
#include "fovea/train.h"
#include "fovea/tuning.h"

#endif
